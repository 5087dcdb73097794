"""Monte Carlo: thousands of raids, their measures with honest intervals, on one core or many machines."""
