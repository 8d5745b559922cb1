"""The laws: a row says everything about one."""
