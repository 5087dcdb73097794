"""The operator's display: HTTP API, page and socket. Needs the extra ``live``; nothing here is imported before."""
