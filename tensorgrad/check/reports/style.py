"""The look of the pages: one calm stylesheet, light, dark and in print, which reaches nothing outside the report."""

from __future__ import annotations

SCOPE = "tensorgrad-report"  # the class of the element around a report; every rule begins with it

# From light to dark, the lighter the better, so that print and colour-blind readers have the order too; the hues lie on
# the axis from blue to yellow and red, not from green to red.
AGREEING = ("#dfecf5", "#c8dfee", "#a9cde4")
KINKY = "#bda9da"
DOUBTFUL = "#c4940f"
DIFFERING = ("#cb4335", "#962323", "#510e1a")

_LIGHT = (
    "--paper:#ffffff;--card:#f6f8fa;--ink:#1f2933;--faint:#5b6672;--line:#dde3e8;--good:#20744a;--good-card:#e6f4ec;"
    "--bad:#a8281f;--bad-card:#fcebe9;--doubt:#7d5c00;--doubt-card:#fbf2d9;--heat:none;color-scheme:light"
)
_DARK = (
    "--paper:#15191e;--card:#1d232a;--ink:#dde3e9;--faint:#95a1ad;--line:#323b45;--good:#7fd0a3;--good-card:#173126;"
    "--bad:#f29a90;--bad-card:#3a1f1f;--doubt:#e6c260;--doubt-card:#352c14;"
    "--heat:invert(.87) hue-rotate(180deg) saturate(1.5);color-scheme:dark"
)

_RULES = """
& { background:var(--paper); color:var(--ink);
  font:14px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;
  padding:2px 14px 14px; text-align:left; box-sizing:border-box; max-width:1180px; overflow-wrap:anywhere; }
& * { box-sizing:border-box; }
& h1, & h2, & h3 { font-weight:600; line-height:1.3; margin:0; padding:0; border:0; color:inherit; }
& h2 { font-size:15px; margin:26px 0 8px; }
& h3 { font-size:14px; }
& p { margin:6px 0; }
& .faint { color:var(--faint); }
& .verdict { display:flex; gap:12px; align-items:baseline; border-radius:8px; padding:12px 16px; margin:14px 0 10px; }
& .verdict h1 { font-size:19px; }
& .verdict .sign { font-size:19px; font-weight:700; }
& .verdict p { margin:2px 0 0; color:var(--ink); opacity:.8; }
& .agrees { --mine:var(--good); --mine-card:var(--good-card); }
& .differs { --mine:var(--bad); --mine-card:var(--bad-card); }
& .undecided { --mine:var(--doubt); --mine-card:var(--doubt-card); }
& .verdict, & .chip { color:var(--mine); background:var(--mine-card); }
& .chip { display:inline-block; border-radius:10px; padding:0 9px; font-size:12px; font-weight:600;
  white-space:nowrap; }
& .card { background:var(--card); border:1px solid var(--line); border-left:4px solid var(--mine,var(--line));
  border-radius:6px; padding:10px 16px; margin:10px 0; }
& .card h3 { font-size:15px; }
& code, & pre, & .number { font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;
  font-size:12.5px; }
& code { background:none; color:inherit; padding:0; }
& pre { background:var(--paper); color:var(--ink); border:1px solid var(--line); border-radius:4px; margin:6px 0;
  padding:7px 11px; overflow-x:auto; white-space:pre-wrap; }
& .hint { margin:6px 0 2px; padding-left:12px; border-left:3px solid var(--doubt); }
& .hint b { color:var(--doubt); }
& .scroll { overflow-x:auto; margin:8px 0; }
& table { border-collapse:collapse; margin:0; width:auto; border:0; color:inherit; background:none; font-size:13px; }
& th, & td { padding:4px 14px 4px 0; text-align:left; vertical-align:baseline; border:0;
  border-bottom:1px solid var(--line); background:none; color:inherit; max-width:none; }
& td { overflow-wrap:normal; }
& th { color:var(--faint); font-weight:500; font-size:12px; white-space:nowrap; }
& tr { background:none; }
& .right { text-align:right; font-variant-numeric:tabular-nums; white-space:nowrap; }
& .nowrap { white-space:nowrap; }
& .below { display:block; color:var(--faint); font-size:12px; white-space:nowrap; }
& details { margin:4px 0; border:1px solid var(--line); border-radius:6px; }
& summary { cursor:pointer; padding:7px 12px; display:list-item; list-style-position:inside; }
& details > div { padding:2px 14px 12px; }
& .heat { margin:8px 0 14px; }
& .heat p { font-size:12px; margin:4px 0 0; }
& .heat svg { display:block; max-width:100%; height:auto; }
& .heat svg, & .swatch, & .bar { filter:var(--heat); }
& .heat text { fill:#5b6672; font:11px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif; }
& .heat .cells text { fill:#fff; font-weight:700; pointer-events:none; }
& .heat .cells text.dark { fill:#1f2933; }
& .frame { fill:none; stroke:#dde3e8; }
& .legend { display:flex; flex-wrap:wrap; gap:3px 18px; margin:6px 0 0; padding:0; font-size:12px; color:var(--faint); }
& .legend span { white-space:nowrap; }
& .swatch { display:inline-block; width:13px; height:13px; border-radius:2px; margin-right:3px; vertical-align:-2px;
  border:1px solid rgba(90,100,110,.35); }
& .bar { display:inline-flex; width:92px; height:9px; border-radius:2px; overflow:hidden; border:1px solid #c9d1d8;
  vertical-align:0; }
& .bar i { display:block; height:100%; }
"""


def stylesheet() -> str:
    """Return the rules, all of which begin with the class around a report.

    Notebooks and editors have themes of their own, which say so in their own ways; what they say comes last.
    """
    scope = f".{SCOPE}"
    dark_hosts = ('[data-jp-theme-light="false"]', "body.vscode-dark", 'html[data-theme="dark"]')
    light_hosts = ('[data-jp-theme-light="true"]', "body.vscode-light", 'html[data-theme="light"]')
    return "\n".join(
        [
            f"{scope} {{{_LIGHT}}}",
            f"@media (prefers-color-scheme:dark) {{ {scope} {{{_DARK}}} }}",
            f"{', '.join(f'{host} {scope}' for host in dark_hosts)} {{{_DARK}}}",
            f"{', '.join(f'{host} {scope}' for host in light_hosts)} {{{_LIGHT}}}",
            f"@media print {{ html {scope}, body {scope}{scope} {{{_LIGHT};print-color-adjust:exact;"
            "-webkit-print-color-adjust:exact} }",
            _RULES.strip().replace("&", scope),
        ]
    )


def page_rules() -> str:
    """Return what else a page of its own needs: the ground around the report."""
    return (
        "html{background:#fff}body{margin:0}@media(prefers-color-scheme:dark){html{background:#15191e}}"
        f"@media print{{html{{background:#fff}}}}.{SCOPE}{{margin:0 auto;padding:14px 24px 40px!important}}"
    )
