"""What is odd about data: values that stand for missing ones, leaks, near copies, labels, scales.

Each module looks for one kind of mistake and gives findings, or refuses what cannot be meant;
docs/reference/checks.md lists them for users. Equal examples are counted where a data set is made
(`datasets.copies`).
"""
