"use strict";
// Python in this page. A page that was opened from a disk may neither fetch files nor import modules, so the files of
// Python are scripts that hand over texts; Pyodide, which fetches them, is answered from these.

const RUNTIME = "https://runtime.invalid/"; // an address that nobody has: nothing is ever asked of it
const TYPES = { "pyodide.asm.wasm": "application/wasm" };

function script(source) {
  return new Promise((resolve, reject) => {
    const made = document.createElement("script");
    made.src = source;
    made.onload = resolve;
    made.onerror = () => reject(new Error(`${source} is missing: the folder must be whole`));
    document.head.append(made);
  });
}

function bytes(name) {
  const text = atob(FILES[name]), found = new Uint8Array(text.length);
  for (let k = 0; k < text.length; k++) found[k] = text.charCodeAt(k);
  return found;
}

async function handedOver(address) {
  const name = String(address.url ?? address).replace(RUNTIME, "");
  if (!(name in FILES)) throw new Error(`${name} is not in this folder`);
  return new Response(bytes(name), { headers: { "Content-Type": TYPES[name] ?? "application/octet-stream" } });
}

// Return Python's class of sessions (serve/browser.py), each of which plays an exported game.
async function startPython() {
  for (const name of ["pyodide.js", "lock.js", "pyodide.asm.mjs.js", "pyodide.asm.wasm.js", "python_stdlib.zip.js"]) {
    await script(`runtime/${name}`);
  }
  const module = URL.createObjectURL(new Blob([bytes("pyodide.asm.mjs")], { type: "text/javascript" }));
  const createPyodideModule = (await import(module)).default;
  URL.revokeObjectURL(module);
  const fetched = window.fetch;
  window.fetch = handedOver;
  let python;
  try {
    python = await loadPyodide({
      indexURL: RUNTIME, packageBaseUrl: RUNTIME, createPyodideModule, lockFileContents: JSON.parse(FILES["pyodide-lock.json"]),
    });
  } finally {
    window.fetch = fetched;
  }
  for (const name of ["pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip"]) delete FILES[name];
  for (const [name, source] of Object.entries(FILES).filter(([name]) => name.endsWith(".py"))) {
    const path = `/game/${name}`;
    python.FS.mkdirTree(path.slice(0, path.lastIndexOf("/")));
    python.FS.writeFile(path, source);
  }
  return python.runPython("import sys; sys.path.insert(0, '/game'); from jit_gym.serve.browser import Session; Session");
}
