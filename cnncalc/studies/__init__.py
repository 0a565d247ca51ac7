"""Questions that take many networks: sweeps, valid sizes, solving for fields."""
