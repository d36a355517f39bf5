// What the token may do: said by the server, where it says so.
// SPDX-License-Identifier: MIT
import { useEffect, useState } from './html.js';
import { ask } from './api.js';

// { write, tenant }; null: not known yet. {}: the server does not say, then each
// refusal says so itself.
export function useAccess() {
  const [access, setAccess] = useState(null);
  useEffect(() => {
    ask('/v1/token').then(({ scope, tenant }) => setAccess({ write: scope === 'write', tenant }), () => setAccess({}));
  }, []);
  return access;
}
