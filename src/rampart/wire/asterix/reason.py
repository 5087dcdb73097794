"""Reason: the fixed phrases by which bad ASTERIX records are counted."""

BLOCK_LENGTH = "block_length"  #: a length below 3 or past the datagram; its remainder is dropped
CATEGORY = "category"  #: a block of a category that was never published
TRUNCATED = "truncated"  #: a record runs past its block
FSPEC = "fspec_too_long"  #: the field specification has more octets than the edition
UNDEFINED = "undefined_item"  #: a presence bit is set for an item the edition does not have
EXPLICIT = "explicit_length"  #: a length octet of zero
EMPTY = "empty_record"  #: no presence bit is set
NO_SOURCE = "no_source"  #: item 010 is missing
TIME_OF_DAY = "time_of_day"  #: not below 24 h
POSITION = "position"  #: latitude or longitude that do not exist

#: Reasons after which the rest of the block cannot be read, by kernel status from 1 on.
STRUCTURAL = (TRUNCATED, FSPEC, UNDEFINED, EXPLICIT, EMPTY)
