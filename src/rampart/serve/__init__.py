"""The live service: what has sockets and clocks. It steps the same chain as a simulation and never reaches one."""
