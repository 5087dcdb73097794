"""Where and when tracks come down, where they came from, and what drones can reach."""

from .confidence import Ellipse, ellipse
from .predictor import Predictor, PredictorSpec, predict_impact

__all__ = ["Ellipse", "Predictor", "PredictorSpec", "ellipse", "predict_impact"]
