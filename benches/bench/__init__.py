"""What `scripts/bench` measures with, and what the other benches share: the robot that they play, and percentiles."""
