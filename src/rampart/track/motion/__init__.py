"""Motion models: how each mode carries a state and its covariance forward in time."""
