"""Real clips as workspaces: JHMDB (eight sports, 99 uploads) and Weizmann (ten actions, nine people)."""
