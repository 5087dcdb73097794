"""Registration: biases of the sensors against each other, and sensors that cannot be believed."""
