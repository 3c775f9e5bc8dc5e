"""What the node does when something around it fails: a matrix of faults, each with the behaviour that is wanted."""
