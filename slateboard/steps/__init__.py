"""Commands of the floor: begin a workspace, list what there is, look at the machine."""
