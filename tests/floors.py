"""The rooms of the package on their floors, as SVG: what a room imports stands below it."""

from __future__ import annotations

from html import escape

from tests.imports import Graph, circles, reached

WIDTH, HEIGHT, GAP, FLOOR = 180, 26, 12, 64  # of a box, and from box to box and from floor to floor
DOORS = {"opalgebra", "opalgebra._verbs", "opalgebra.__main__"}
COLOURS = {"algebra": "#dbe7f5", "engine": "#e4f1dc", "bound": "#f7ecd4", "show": "#f0e0f2", "nn": "#d9f0ee"}
STYLE = """text { font: 12px sans-serif; text-anchor: middle }
rect { stroke: #667; rx: 4 }
path { fill: none; stroke: #99a }
rect.circle, path.circle { stroke: #c22; stroke-width: 2 }"""


def rooms(imports: Graph) -> Graph:
    """The imports between folders and single files of the package; doors are left out.

    A door is what only leads into the package or up in it, and what the ``__init__`` of a folder with files offers of
    the folders inside.
    """
    folders = {name.rpartition(".")[0] for name in imports} - {""}
    room = {name: name if name in folders or name.count(".") < 2 else name.rpartition(".")[0] for name in imports}
    files = {folder for name, folder in room.items() if name != folder}
    found: Graph = {folder: set() for folder in room.values()}
    for name, others in imports.items():
        is_door = name in files
        inside = {other for other in others if is_door and other.startswith(f"{name}.") and room[other] != name}
        found[room[name]] |= {room[other] for other in others - inside} - {room[name]}
    found = {name: others - DOORS for name, others in found.items() if name not in DOORS}
    used = set().union(*found.values())
    return {name: others for name, others in found.items() if others or name in used}


def floors(graph: Graph) -> dict[str, int]:
    """One more than the highest floor below; a circle stands on one floor."""
    found: dict[str, int] = {}

    def floor(name: str) -> int:
        if name not in found:
            around = {other for other in reached(graph, name) if name in reached(graph, other)} | {name}
            below = {other for one in around for other in graph[one]} - around
            found.update(dict.fromkeys(around, 1 + max(map(floor, below), default=-1)))
        return found[name]

    return {name: floor(name) for name in graph}


def direct(graph: Graph) -> list[tuple[str, str]]:
    """The imports that no longer road implies."""
    reach = {name: reached(graph, name) for name in graph}
    return [
        (name, other)
        for name, others in sorted(graph.items())
        for other in sorted(others)
        if not any(other in reach[via] and name not in reach[via] for via in others - {other})
    ]


def placed(graph: Graph) -> dict[str, tuple[float, float]]:
    """The middle of each box: on each floor by the mean place of what it imports, from below."""
    level, edges = floors(graph), direct(graph)
    place: dict[str, tuple[float, float]] = {}
    for floor in range(max(level.values()) + 1):
        below = {name: [place[b][0] for a, b in edges if a == name and b in place] for name in graph}
        names = [name for name in graph if level[name] == floor]
        names.sort(key=lambda name: (sum(below[name]) / len(below[name]) if below[name] else 0, name))
        for i, name in enumerate(names):
            place[name] = (i - (len(names) - 1) / 2) * (WIDTH + GAP), -floor * FLOOR
    return place


def svg(imports: Graph) -> str:
    """A box for each room, red with a circle of imports in it; red lines between rooms that import each other."""
    graph = rooms(imports)
    place = placed(graph)
    left, top = min(x for x, _ in place.values()) - WIDTH / 2 - GAP, min(y for _, y in place.values()) - HEIGHT
    width, height = max(x for x, _ in place.values()) + WIDTH / 2 + GAP - left, HEIGHT - top
    inside = [set(circle) for circle in circles(imports)]
    box = f"{left:g} {top:g} {width:g} {height:g}"
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" width="{width:g}">']
    parts += [f"<title>The rooms of opalgebra: what a room imports stands below it</title><style>{STYLE}</style>"]
    for name, other in direct(graph):
        (x, y), (u, v) = place[name], place[other]
        y, v = y + HEIGHT / 2, v - HEIGHT / 2
        red = ' class="circle"' if name in reached(graph, other) else ""
        parts.append(f'<path{red} d="M{x:g} {y:g}C{x:g} {y + FLOOR / 2:g} {u:g} {v - FLOOR / 2:g} {u:g} {v:g}"/>')
    for name, (x, y) in place.items():
        files = {file for file in imports if file == name or file.rsplit(".", 1)[0] == name}
        red = ' class="circle"' if any(circle & files for circle in inside) else ""
        _, top_folder, *_ = name.split(".")
        box = f'x="{x - WIDTH / 2:g}" y="{y - HEIGHT / 2:g}" width="{WIDTH}" height="{HEIGHT}"'
        parts.append(f'<rect{red} {box} fill="{COLOURS.get(top_folder, "#eee")}"/>')
        parts.append(f'<text x="{x:g}" y="{y + 4:g}">{escape(name.removeprefix("opalgebra."))}</text>')
    return "\n".join([*parts, "</svg>", ""])
