/** The colours of the pictures, as the style sheet has them for the theme at hand. */
export type Palette = {
  ink: string;
  muted: string;
  line: string;
  surface: string;
  /** Connections and calls that were made. */
  made: string;
  calls: string;
  connectionsRefused: string;
  callsRefused: string;
};

export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  return {
    ink: colour('--ink'),
    muted: colour('--muted'),
    line: colour('--line'),
    surface: colour('--surface'),
    made: colour('--chart-made'),
    calls: colour('--chart-calls'),
    connectionsRefused: colour('--chart-connections-refused'),
    callsRefused: colour('--chart-calls-refused'),
  };
}

/** "1,024", "1 024": as the page's language has it. */
export function pageNumber(value: number): string {
  return new Intl.NumberFormat(document.documentElement.lang).format(value);
}

const TILE_PX = 6;

/** A hatching, for people who cannot distinguish colours. The colour itself if there is no canvas to draw it on. */
export function hatched(colour: string, ground: string): CanvasPattern | string {
  const tile = document.createElement('canvas');
  tile.width = TILE_PX;
  tile.height = TILE_PX;
  const context = tile.getContext('2d');
  if (context === null) return colour;
  context.fillStyle = colour;
  context.fillRect(0, 0, TILE_PX, TILE_PX);
  context.strokeStyle = ground;
  context.lineWidth = 1.5;
  // The corners again, so that tiles join.
  for (const shift of [-TILE_PX, 0, TILE_PX]) {
    context.moveTo(shift - 1, TILE_PX + 1);
    context.lineTo(shift + TILE_PX + 1, -1);
  }
  context.stroke();
  return context.createPattern(tile, 'repeat') ?? colour;
}
