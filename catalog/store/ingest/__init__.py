"""From the pages of a walk to history: stage what differs, seal the walk, and merge it in one transaction."""
