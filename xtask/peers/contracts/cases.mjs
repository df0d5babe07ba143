// The cases under a folder: which contracts each has, and for which fork they are compiled.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Every case as `{ name, folder, contracts, test, fork }`, by name. */
export function cases(root) {
  const found = [];
  for (const group of folders(root)) {
    // A folder with a deployment is a case itself, others are groups of cases.
    const alone = existsSync(join(root, group, 'audit.toml'));
    for (const name of alone ? [''] : folders(join(root, group))) {
      const folder = join(root, group, name);
      const files = readdirSync(folder).filter((file) => file.endsWith('.sol')).sort();
      const scenario = readFileSync(join(folder, 'audit.toml'), 'utf8');
      found.push({
        name: alone ? group : `${group}/${name}`,
        folder,
        contracts: files.filter((file) => !file.endsWith('.t.sol')),
        test: existsSync(join(folder, 'Exploit.t.sol')),
        fork: /^fork *= *"(\w+)"/m.exec(scenario)?.[1] ?? 'prague',
      });
    }
  }
  return found;
}

function folders(root) {
  const entries = readdirSync(root, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();
}
