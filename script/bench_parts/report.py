"""What was measured, as a table and as JSON."""
import os
import platform
import re
import statistics
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

HEADING = "# Results\n\nMeasured by `script/bench`, the latest first.\n"


@dataclass
class Figure:
    key: str
    name: str
    unit: str
    floor: float
    aim: float
    is_lower_better: bool = False
    digits: int = 0
    runs: list = field(default_factory=list)

    def text(self, value):
        space = "" if self.unit == "/s" else " "
        return f"{value:,.{self.digits}f}{space}{self.unit}"

    @property
    def median(self):
        return statistics.median(self.runs)

    @property
    def verdict(self):
        def reaches(mark):
            return self.median <= mark if self.is_lower_better else self.median >= mark
        return "aim" if reaches(self.aim) else "floor" if reaches(self.floor) else "below"


class Report:
    def __init__(self, figures, streams, kit, seconds):
        self.figures = {figure.key: figure for figure in figures}
        for figure in figures:
            figure.name = figure.name.format(streams=f"{streams:,}")
        self.load = f"{'wrk and nginx of a load kit' if kit else 'no load kit'}, {seconds} s each"

    def add(self, values):
        for key, value in values.items():
            self.figures[key].runs.append(value)

    @property
    def measured(self):
        return [figure for figure in self.figures.values() if figure.runs]

    @property
    def markdown(self):
        lines = [f"{machine()}; {commit()}; {self.load}", "", "| what | median | runs | floor | aim | reaches |",
                 "|---|---|---|---|---|---|"]
        for figure in self.measured:
            spread = f"{figure.text(min(figure.runs))} – {figure.text(max(figure.runs))} ({len(figure.runs)})"
            lines.append(f"| {figure.name} | **{figure.text(figure.median)}** | {spread} | {figure.text(figure.floor)} "
                         f"| {figure.text(figure.aim)} | {figure.verdict} |")
        return "\n".join(lines)

    @property
    def data(self):
        figures = [
            {"key": figure.key, "name": figure.name, "unit": figure.unit, "median": figure.median, "runs": figure.runs,
             "floor": figure.floor, "aim": figure.aim, "reaches": figure.verdict} for figure in self.measured]
        return {"machine": machine(), "commit": commit(), "load": self.load, "time": now(), "figures": figures}

    def record(self, file: Path):
        earlier = file.read_text().removeprefix(HEADING) if file.exists() else ""
        file.write_text(f"{HEADING}\n## {now()}\n\n{self.markdown}\n{earlier}")


def now():
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())


def machine():
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} × {model.group(1) if model else platform.machine()}, {memory:.0f} GiB, Linux {platform.release()}"


def commit():
    def git(*words):
        return subprocess.run(["git", *words], capture_output=True, text=True, cwd=Path(__file__).parent).stdout.strip()
    return f"commit {git('rev-parse', '--short', 'HEAD')}{' and changes' if git('status', '--porcelain', '-uno') else ''}"
