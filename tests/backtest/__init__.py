"""How often is a stopping rule wrong? Replayed on the learning curves of LCDB: `make backtest`."""
