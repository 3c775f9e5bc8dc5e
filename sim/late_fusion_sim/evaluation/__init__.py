"""How policies are measured, from the inside out.

* `conditions`, `attempt`, `candidate`: under what, which episode, whose;
* `play`: a process with a node and a world of its own; `player_process`: the same seen from outside;
* `pool`: all processes, and who plays what;
* `counts`, `robustness`: what came of it; `tables`, `example`, `page`: the same for the eyes.
"""
