// Rig: a service of our own on this machine, and a browser before it that reports whatever it should not do.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
export const shots = process.env.RAMPART_E2E_OUT ?? join(root, "rampart-out", "e2e");
const python = process.env.RAMPART_PYTHON ?? join(root, ".venv", "bin", "python");
const browserPath = process.env.RAMPART_CHROMIUM ?? "/usr/bin/chromium";

/** Start a command of rampart; resolves with its link once it says one. */
export async function service(...args) {
  const folder = mkdtempSync(join(tmpdir(), "rampart-e2e-"));
  const child = spawn(python, ["-m", "rampart", ...args.map((a) => a.replace("{folder}", folder))], {
    cwd: root,
    env: { ...process.env, RAMPART_USERS: join(folder, "users.json") },
  });
  let said = "";
  let out = "";
  child.stdout.on("data", (data) => (out += data));
  child.stderr.on("data", (data) => (said += data));
  const ended = new Promise((done) => child.on("exit", (code) => done(code)));
  const link = await until(() => said.match(/https?:\/\/\S+#token=\S+/)?.[0] ?? (child.exitCode !== null && fail(`it ended: ${said}`)), 180, () => said);
  const stop = async () => {
    child.kill("SIGCONT");
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), 15_000);
    const code = await ended;
    clearTimeout(timer);
    rmSync(folder, { recursive: true, force: true });
    return code;
  };
  return { child, link, folder, stop, ended, said: () => said, out: () => out };
}

function fail(words) {
  throw new Error(words);
}

/** Poll until something is true; the page's policy forbids to wait inside the page. */
export async function until(what, seconds = 30, explain = () => "") {
  const end = Date.now() + 1000 * seconds;
  for (;;) {
    const found = await what();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what} ${await explain()}`);
    await new Promise((go) => setTimeout(go, 100));
  }
}

/** A browser, a page, and everything that it did wrong. */
export async function open(link, { width = 1440, height = 900 } = {}) {
  const browser = await chromium.launch({
    executablePath: browserPath,
    args: [
      "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-accelerated-2d-canvas", "--disable-gpu-rasterization",
      "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--mute-audio",
    ],
  });
  const context = await browser.newContext({ viewport: { width, height } });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const faults = [];
  const origin = new URL(link).origin;
  page.on("request", (request) => request.url().startsWith(origin) || request.url().startsWith("blob:") || faults.push(`outside: ${request.url()}`));
  page.on("websocket", (socket) => socket.url().replace("ws", "http").startsWith(origin) || faults.push(`outside: ${socket.url()}`));
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("console", (message) => {
    // a service that is stopped on purpose refuses connections; all else is a fault
    if (message.type() === "error" && !/WebSocket|ERR_CONNECTION|Failed to load resource/.test(message.text())) faults.push(`console: ${message.text()}`);
  });
  await page.addInitScript(() => document.addEventListener("securitypolicyviolation", (e) => console.error(`policy: ${e.violatedDirective} ${e.blockedURI}`)));
  await page.goto(link);
  const devtools = await page.context().newCDPSession(page);
  const picture = async (name) => {
    mkdirSync(shots, { recursive: true });
    const { data } = await devtools.send("Page.captureScreenshot", { format: "png" });
    writeFileSync(join(shots, `${name}.png`), Buffer.from(data, "base64"));
  };
  const ask = (name) => page.evaluate((n) => window.rampart?.[n]?.(), name);
  const words = (selector) => page.evaluate((s) => document.querySelector(s)?.textContent ?? "", selector);
  return { browser, page, faults, picture, ask, words };
}
