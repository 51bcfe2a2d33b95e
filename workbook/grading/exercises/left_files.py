"""The files that an answer has left in its folder, without those of the grader."""

from pathlib import Path

from workbook.grading.sandbox import Answer

OURS = {"answer.py", "queries.jsonl", "output.txt", "stacks.txt", "flow_run"}


def left_files(answer: Answer) -> list[Path]:
    """Those in the folder itself, which is the answer's working folder; sorted by name."""
    found = [file for file in answer.folder.iterdir() if file.is_file() and file.name not in OURS]
    return sorted(found, key=lambda file: file.name)
