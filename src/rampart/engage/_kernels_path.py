# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, check-untyped-defs=False
"""Compiled paths: predictions as the kernels that look for shots read them."""

from rampart.physics._jit import kernel


@kernel
def write_paths(
    of, start_ns, impact_kind, kind, time_ns, impact_ns, position, velocity, impact, impact_velocity, path
):  # fmt: skip
    """Begin and end [s], place and velocity at both, of the predictions `of` (m,), into `path` (m, 14).

    What does not fall flies straight, at the speed that takes it to its corridor's end.
    """
    for m in range(of.size):
        k, row = of[m], path[m]
        row[0], row[1] = (time_ns[k] - start_ns) * 1e-9, (impact_ns[k] - start_ns) * 1e-9
        span = max(row[1] - row[0], 1e-9)
        for a in range(3):
            row[2 + a], row[8 + a] = position[k, a], impact[k, a]
            if kind[k] == impact_kind:
                row[5 + a], row[11 + a] = velocity[k, a], impact_velocity[k, a]
            else:
                row[5 + a] = (impact[k, a] - position[k, a]) / span
                row[11 + a] = row[5 + a]
