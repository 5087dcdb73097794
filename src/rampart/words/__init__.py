"""Words: what people are told, in their languages. Texts stand in one file per language under ``languages/``."""

from .compose import Notice, Subject, compose, compose_notice
from .language import Language, Wording, language, languages, read_language

__all__ = [
    "Language",
    "Notice",
    "Subject",
    "Wording",
    "compose",
    "compose_notice",
    "language",
    "languages",
    "read_language",
]
