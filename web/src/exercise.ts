// Exercise: simulated shots that the trainee lets go or holds back, and announcements. Only there in an exercise.
import { $, h, sync, text } from "./dom";
import type { Link } from "./link";

interface Shot {
  track: number;
  effector: string;
  kind: string;
  zone: string;
  chance: number;
  impact_ms: number;
  state: "waiting" | "released" | "withheld" | "fired" | "hit" | "missed" | "gone";
  why: string;
}
interface Training {
  state: "running" | "ended";
  shots: Shot[];
  effectors: { id: string; kind: string; rounds: number }[];
  debrief: string;
  announcements: number;
}
const WORDS: Record<string, string> = {
  waiting: "waits for you",
  released: "released",
  withheld: "withheld",
  fired: "simulated shot under way",
  hit: "destroyed",
  missed: "missed",
  gone: "no longer possible",
};

export function exercisePanel(extra: Record<string, unknown>, link: Link, now: number, may: boolean, say: (words: string) => void): void {
  const training = extra.exercise as Training | undefined;
  $("exercise").hidden = !training;
  if (!training) return;
  const box = $("exercise-body");
  if (!box.firstChild)
    box.append(
      h("p", { class: "note", id: "x-effectors" }),
      h("div", { id: "x-shots" }),
      h("form", { id: "x-announce", class: "buttons" }, h("input", { id: "x-words", placeholder: "Announcement to the base", "aria-label": "Announcement", maxlength: "300" }), h("button", { type: "submit" }, "Announce")),
      h("p", { id: "x-end", class: "note" }),
    );
  const form = $<HTMLFormElement>("x-announce");
  form.onsubmit = (event) => {
    event.preventDefault();
    const input = $<HTMLInputElement>("x-words");
    if (!input.value.trim()) return;
    void link.ask("POST", "/api/v1/exercise/announcements", { text: input.value }).then(
      () => (input.value = ""),
      (fault: Error) => say(fault.message),
    );
  };
  text($("x-effectors"), training.effectors.map((e) => `${e.id}: ${e.rounds} rounds`).join("   ") + "   simulated");
  const act = (shot: Shot, what: string) =>
    void link.ask("POST", "/api/v1/exercise/shots", { track: shot.track, act: what }).catch((fault: Error) => say(fault.message));
  sync(
    $("x-shots"),
    training.shots,
    (s) => String(s.track),
    (s) =>
      h(
        "div",
        { class: "shot" },
        h("div", { class: "alarm-head" }, h("b"), h("span", { class: "quiet" }), h("span", { class: "figures" })),
        h("div", { class: "alarm-state" }),
        h("div", { class: "buttons" }, h("button", { type: "button", "data-do": "release", onclick: () => act(s, "release") }, "Release (E)"), h("button", { type: "button", "data-do": "withhold", onclick: () => act(s, "withhold") }, "Withhold (X)")),
      ),
    (node, s) => {
      const done = s.state !== "waiting" && s.state !== "withheld";
      node.className = `shot ${done ? "done" : ""}`;
      node.dataset.state = s.state;
      const [name, words, left] = node.querySelectorAll(".alarm-head > *");
      text(name, `T${s.track}`);
      text(words, `${s.effector ? `${s.effector}, ` : ""}${Math.round(100 * s.chance)} % at ${s.zone}`);
      text(left, s.impact_ms > now ? `${((s.impact_ms - now) / 1000).toFixed(0)} s` : "");
      text(node.querySelector(".alarm-state")!, WORDS[s.state] + (s.why ? `: ${s.why}` : ""));
      const [release, withhold] = node.querySelectorAll<HTMLButtonElement>("button");
      release.hidden = !["waiting", "withheld"].includes(s.state);
      withhold.hidden = !["waiting", "released"].includes(s.state);
      release.disabled = withhold.disabled = !may || training.state === "ended";
    },
  );
  const end = $("x-end");
  if (training.state === "ended" && training.debrief && !end.querySelector("a"))
    end.replaceChildren(h("a", { href: training.debrief, target: "_blank", rel: "noopener" }, "The raid is over: open the debrief"));
}
