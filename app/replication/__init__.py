"""Getting entries from one node to another. States the `Store` that it needs; knows no LMDB and no screen."""
