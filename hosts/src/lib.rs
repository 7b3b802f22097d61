//! Nothing here: `tests/` shows the guard under real servers.
