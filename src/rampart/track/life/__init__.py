"""Birth, existence, class and end of tracks."""
