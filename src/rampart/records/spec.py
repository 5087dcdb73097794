"""Spec: a part of a scenario file, checked. Specs sit beside the class they build."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _finite_number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("expected a number")
    return value


Number = Annotated[float, BeforeValidator(_finite_number), Field(allow_inf_nan=False)]
Positive = Annotated[float, BeforeValidator(_finite_number), Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, BeforeValidator(_finite_number), Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, BeforeValidator(_finite_number), Field(ge=0, le=1, allow_inf_nan=False)]
Degrees = Annotated[float, BeforeValidator(_finite_number), Field(ge=-360, le=360, allow_inf_nan=False)]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=64)]
Count = Annotated[int, Field(ge=1, le=10_000)]


class Spec(BaseModel):
    """Base of every part: strict, frozen, unknown keys refused, no nan and no infinity.

    Lists from TOML become tuples. Degrees and other file units become SI and radians in `build`, not before.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


def _vector(n: int) -> BeforeValidator:
    def check(value: object) -> tuple[float, ...]:
        if not isinstance(value, list | tuple) or len(value) != n:
            raise ValueError(f"expected a list of {n} numbers")
        return tuple(float(_finite_number(v)) for v in value)  # type: ignore[arg-type]

    return BeforeValidator(check)


def as_tuple(value: object) -> object:
    """A list from TOML as a tuple; anything else as it is."""
    return tuple(value) if isinstance(value, list) else value


Vector2 = Annotated[tuple[float, float], _vector(2)]
Vector3 = Annotated[tuple[float, float, float], _vector(3)]
Path2 = Annotated[tuple[Vector2, ...], BeforeValidator(as_tuple)]
Path3 = Annotated[tuple[Vector3, ...], BeforeValidator(as_tuple)]
