from .raid import make_out, site  # noqa: F401 - fixtures of all tests here
