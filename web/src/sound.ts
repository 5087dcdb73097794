// Sound: tones and words for alarms. A browser lets a page be heard only after somebody has touched it: the gate.
import type { Alarm } from "./frames";

export type Gate = "off" | "armed" | "suspended";

export class Sound {
  private context: AudioContext | null = null;
  private timer = 0;
  private spoken = new Map<string, string>();
  playing: Alarm["priority"] | null = null;
  tones = 0;
  voice = true;

  get gate(): Gate {
    if (!this.context) return "off";
    return this.context.state === "running" ? "armed" : "suspended";
  }

  get state(): string {
    return this.context?.state ?? "none";
  }

  async arm(): Promise<void> {
    this.context ??= new AudioContext();
    await this.context.resume();
    this.tone(880, 0, 0.12, 0.15); // the test tone
  }

  disarm(): void {
    void this.context?.close();
    this.context = null;
    this.stop();
  }

  /** Sound what is not acknowledged; the most urgent alone. */
  update(alarms: Alarm[], nowMs: number): void {
    const loud = alarms.filter((a) => a.state === "unacknowledged");
    const worst = loud.find((a) => a.priority === "critical") ?? loud.find((a) => a.priority === "high") ?? loud[0];
    this.playing = worst && this.gate === "armed" ? worst.priority : null;
    if (!worst) this.stop();
    else if (!this.timer) {
      this.beat(worst.priority);
      this.timer = window.setInterval(() => this.playing && this.beat(this.playing), 1600);
    }
    if (worst && worst.priority !== "low") this.say(worst, nowMs);
  }

  private beat(priority: Alarm["priority"]): void {
    if (priority === "critical")
      for (let i = 0; i < 4; i++) this.tone(i % 2 ? 660 : 990, i * 0.3, 0.27, 0.3); // rising and falling, under 3 Hz
    else if (priority === "high") this.tone(740, 0, 0.25, 0.2);
    else this.tone(520, 0, 0.15, 0.1);
  }

  private tone(hz: number, after: number, seconds: number, gain: number): void {
    if (this.gate !== "armed" || !this.context) return;
    const at = this.context.currentTime + after;
    const source = new OscillatorNode(this.context, { type: "triangle", frequency: hz });
    const level = new GainNode(this.context, { gain: 0 });
    level.gain.linearRampToValueAtTime(gain, at + 0.02);
    level.gain.setValueAtTime(gain, at + seconds - 0.03);
    level.gain.linearRampToValueAtTime(0, at + seconds);
    source.connect(level).connect(this.context.destination);
    source.start(at);
    source.stop(at + seconds);
    this.tones++;
  }

  private say(alarm: Alarm, nowMs: number): void {
    if (!this.voice || this.gate !== "armed" || !("speechSynthesis" in window)) return;
    const words = `${alarm.title}. ${alarm.text}`;
    if (this.spoken.get(alarm.id) === words || !speechSynthesis.getVoices().length) return;
    this.spoken.set(alarm.id, words);
    const left = alarm.impact_ms ? Math.round((alarm.impact_ms - nowMs) / 1000) : 0;
    speechSynthesis.speak(new SpeechSynthesisUtterance(left > 2 ? `${words}. ${left} seconds.` : words));
  }

  private stop(): void {
    clearInterval(this.timer);
    this.timer = 0;
    this.playing = null;
  }
}
