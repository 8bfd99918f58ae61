"""Recordings: folders of Parquet files, read as one table a kind and replayed as a feed."""
