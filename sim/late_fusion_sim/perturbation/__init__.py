"""What is made worse on purpose, to see whether a policy still does its task.

* `base`: what a perturbation may touch, and the evaluation that it would be in;
* `picture`, `camera`, `scene`, `timing`, `state`, `sentence`: the kinds, each perturbation declared in one place with
  its strength;
* `catalogue`: all of them by name, and which of them an evaluation can have;
* `disturbed`: one episode under one of them.
"""
