// What the views are written with: Preact, without a step of its own. Text goes
// in as text, never as markup. SPDX-License-Identifier: MIT
import { h } from 'preact';
import htm from 'htm';

export { render } from 'preact';
export { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
export const html = htm.bind(h);
