"""What every kit is held against: the Unicode tables, the case files, the drivers, and the comparison."""
