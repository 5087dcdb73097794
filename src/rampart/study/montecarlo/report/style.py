"""Style: how the page of a study looks, on a screen and on paper, by day and by night."""

STYLE = """
:root{--ink:#1b1f24;--faint:#5b6570;--line:#d5dae0;--paper:#fff;--land:#f3f5f7}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ed;--faint:#9aa4af;--line:#3a424b;--paper:#15181c;--land:#1e2329}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.45 system-ui,sans-serif}
main{max-width:1120px;margin:0 auto;padding:24px}
h1{font-size:26px;margin:0 0 4px}h2{font-size:19px;margin:32px 0 6px}
.faint{color:var(--faint);margin:2px 0 10px}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:4px 10px;border-bottom:1px solid var(--line);text-align:left;vertical-align:baseline}
tbody th{font-weight:500}.scroll tbody th{white-space:nowrap}small{color:var(--faint);white-space:nowrap}
.scroll{overflow-x:auto}
.charts{display:flex;flex-wrap:wrap;gap:14px}
svg{max-width:100%;height:auto}svg.chart{width:500px}svg.small{width:340px}svg.map{width:420px}svg.wide{width:900px}
svg text{fill:var(--ink);font:12px system-ui,sans-serif}svg .tick{font-size:11px;fill:var(--faint)}
svg .strong{fill:var(--ink);font-weight:600;paint-order:stroke;stroke:var(--paper);stroke-width:3px}
svg .head{font-weight:600}svg .label{fill:var(--faint)}
svg .plot{fill:none;stroke:var(--line)}svg .grid{stroke:var(--line);stroke-width:.6;fill:none}
svg .zero{stroke:var(--ink);stroke-dasharray:3 3;fill:none}
svg .line{fill:none;stroke-width:2}svg .band{fill-opacity:.18;stroke:none}
svg .whisker{fill:none;stroke-width:1.6}svg .error{stroke:var(--ink);stroke-width:1.2;fill:none}
svg .land{fill:var(--land)}svg .zone{fill:none;stroke:var(--ink);stroke-width:1}svg .defended{stroke-width:2.4}
svg .bar{stroke:var(--ink);stroke-width:2;fill:none}
pre{background:var(--land);padding:10px 12px;overflow-x:auto;white-space:pre-wrap;word-break:break-word;font-size:13px}
details{margin:4px 0}summary{cursor:pointer}
@media print{main{max-width:none}details{display:none}}
"""
