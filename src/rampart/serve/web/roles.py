"""Role: what somebody may do at the display. Each role may do what those below it may."""

from __future__ import annotations

from enum import IntEnum


class Role(IntEnum):
    """Roles, in order."""

    VIEWER = 1  #: sees everything, changes nothing
    OPERATOR = 2  #: acknowledges alarms and decides about warnings
    ADMIN = 3  #: besides that sees who has an account, and ends sessions

    @property
    def label(self) -> str:
        """The name as files and screens show it.

        >>> Role.OPERATOR.label
        'operator'
        """
        return self.name.lower()

    @classmethod
    def of(cls, label: str) -> Role:
        """The role of that name.

        Raises
        ------
        ValueError
            For a name that is none.

        Examples
        --------
        >>> Role.of("admin") > Role.OPERATOR
        True
        """
        for role in cls:
            if role.label == label:
                return role
        raise ValueError(f"role {label!r}, expected one of {', '.join(r.label for r in cls)}")
