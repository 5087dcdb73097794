"""Run a scenario over a few seeds and ask one question of each run: how much warning did the zone get?"""

import rampart

scenario = rampart.load("embassy-rockets")
leads_s = []
for seed in range(5):
    summary = rampart.run(scenario, seed=seed).summary
    leads_s += [threat["warning_lead_s"] for threat in summary["threats"] if threat["needed_zones"]]

warned_s = sorted(lead for lead in leads_s if lead is not None)
print(f"{len(leads_s)} threats that needed a warning, {len(warned_s)} warned before impact")
print(f"warning lead: least {warned_s[0]:.1f} s, median {warned_s[len(warned_s) // 2]:.1f} s")
