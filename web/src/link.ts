// Link: the session, the API and the socket. Comes back by itself, and says how old what it has is.
import { decode, type Frame } from "./frames";

export interface Person {
  name: string;
  role: "viewer" | "operator" | "admin";
  csrf: string;
}

export class Failure extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export class Link {
  person: Person | null = null;
  connected = false;
  heardAt = 0; // performance.now() of the last frame
  offset = -Infinity; // server clock minus performance.now(), ms
  bytes = 0;
  private socket: WebSocket | null = null;
  private wait = 250;
  private page = { sound: false };
  private rate = 0;
  onFrame: (frame: Frame) => boolean = () => true;
  onChange: () => void = () => {};

  async logIn(token: string): Promise<Person> {
    this.person = (await this.ask("POST", "/api/v1/session", { token })) as Person;
    return this.person;
  }

  async resume(): Promise<Person> {
    this.person = (await this.ask("GET", "/api/v1/session")) as Person;
    return this.person;
  }

  async ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const headers: Record<string, string> = {};
    if (body !== undefined) headers["content-type"] = "application/json";
    if (method !== "GET" && this.person) headers["x-rampart-csrf"] = this.person.csrf;
    const answer = await fetch(path, {
      method,
      headers,
      body: body === undefined ? (method === "GET" ? undefined : "") : JSON.stringify(body),
      credentials: "same-origin",
    });
    const said = (await answer.json().catch(() => ({}))) as { error?: string };
    if (!answer.ok) throw new Failure(answer.status, said.error ?? `HTTP ${answer.status}`);
    return said;
  }

  async octets(path: string): Promise<ArrayBuffer> {
    const answer = await fetch(path, { credentials: "same-origin" });
    if (!answer.ok) throw new Failure(answer.status, `HTTP ${answer.status}`);
    return answer.arrayBuffer();
  }

  open(): void {
    const socket = new WebSocket(`${location.protocol.replace("http", "ws")}//${location.host}/ws`);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => {
      this.connected = true;
      this.wait = 250;
      this.tell();
      this.onChange();
    };
    socket.onmessage = (event: MessageEvent<ArrayBuffer>) => {
      this.heardAt = performance.now();
      this.bytes += event.data.byteLength;
      const frame = decode(event.data);
      this.offset = Math.max(this.offset - 0.01, frame.head.t - this.heardAt); // the quickest frame knows best
      if (!this.onFrame(frame)) socket.close(); // a gap: come back for a snapshot
    };
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.connected = false;
      this.onChange();
      setTimeout(() => this.open(), this.wait);
      this.wait = Math.min(2 * this.wait, 4000);
    };
  }

  /** What the server should know of this page. */
  tell(page?: { sound: boolean }, rate?: number): void {
    this.page = page ?? this.page;
    this.rate = rate ?? this.rate;
    if (this.socket?.readyState === WebSocket.OPEN)
      this.socket.send(JSON.stringify({ page: this.page, rate_hz: this.rate }));
  }

  /** Time of the server now, ms UTC. */
  now(): number {
    return this.offset === -Infinity ? Date.now() : performance.now() + this.offset;
  }

  /** Seconds since anything was heard. */
  age(): number {
    return this.heardAt ? (performance.now() - this.heardAt) / 1000 : Infinity;
  }
}
