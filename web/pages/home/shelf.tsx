import type { VNode } from 'preact';

/** Drawn once: it is the same for everyone. */
const SHELF = (
  <svg class="shelf" viewBox="0 0 320 220" width="320" height="220" aria-hidden="true" focusable="false">
    <rect class="shelf-board" x="8" y="186" width="304" height="10" rx="3" />
    <rect class="shelf-a" x="24" y="56" width="30" height="130" rx="4" />
    <rect class="shelf-line" x="31" y="74" width="16" height="4" rx="2" />
    <rect class="shelf-line" x="31" y="84" width="16" height="4" rx="2" />
    <rect class="shelf-b" x="58" y="76" width="24" height="110" rx="4" />
    <rect class="shelf-c" x="86" y="44" width="36" height="142" rx="4" />
    <circle class="shelf-line" cx="104" cy="68" r="8" />
    <rect class="shelf-a" x="126" y="90" width="20" height="96" rx="4" />
    <g transform="rotate(-14 178 186)">
      <rect class="shelf-b" x="166" y="70" width="28" height="116" rx="4" />
      <rect class="shelf-line" x="173" y="88" width="14" height="4" rx="2" />
    </g>
    <circle class="shelf-disc" cx="256" cy="138" r="48" />
    <circle class="shelf-shine" cx="256" cy="138" r="30" />
    <circle class="shelf-hole" cx="256" cy="138" r="11" />
  </svg>
);

/** What the site is about, in a picture. */
export function Shelf(): VNode {
  return SHELF;
}
