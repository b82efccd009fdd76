import { TONES, type Tone } from "./states.ts";

/** Colours and fonts of the design tokens as a canvas can use them: resolved for the theme in force. */
export type Palette = {
  readonly surface: string;
  readonly hover: string;
  readonly line: string;
  readonly lineStrong: string;
  readonly lineControl: string;
  readonly ink: string;
  readonly ink2: string;
  readonly ink3: string;
  readonly accent: string;
  readonly accentInk: string;
  readonly accentSoft: string;
  /** Ready in drawings with many tiles: the calm field that trouble stands out from. */
  readonly readyField: string;
  /** Faint strokes for grounds that mean "nothing here" and "not live". */
  readonly hatch: string;
  readonly staleHatch: string;
  readonly tones: Readonly<
    Record<Tone, { readonly fill: string; readonly ink: string; readonly soft: string; readonly line: string }>
  >;
  readonly fonts: Fonts;
};

export type Fonts = {
  readonly mono10: string;
  readonly mono11: string;
  readonly mono11Strong: string;
  readonly mono12Strong: string;
  readonly monoFigure: string;
  readonly tab: string;
  readonly sans10: string;
  readonly sans11: string;
  readonly sans11Strong: string;
  readonly sans12: string;
  readonly sans12Strong: string;
};

/** Reads the tokens as the element sees them. `light-dark()` is resolved by the browser through a computed `color`. */
export function resolvePalette(host: HTMLElement): Palette {
  const probe = document.createElement("i");
  probe.style.display = "none";
  host.append(probe);
  const style = getComputedStyle(probe);
  const color = (value: string): string => {
    probe.style.color = value;
    return style.color;
  };
  const token = (name: string): string => color(`var(--color-${name})`);
  const tones = Object.fromEntries(
    TONES.map((tone) => [
      tone,
      { fill: token(tone), ink: token(`${tone}-ink`), soft: token(`${tone}-soft`), line: token(`${tone}-line`) },
    ]),
  ) as Palette["tones"];
  const palette: Palette = {
    surface: token("surface"),
    hover: token("hover"),
    line: token("line"),
    lineStrong: token("line-strong"),
    lineControl: token("line-control"),
    ink: token("ink"),
    ink2: token("ink-2"),
    ink3: token("ink-3"),
    accent: token("accent"),
    accentInk: token("accent-ink"),
    accentSoft: token("accent-soft"),
    readyField: token("ready-field"),
    hatch: color("light-dark(rgb(40 38 30 / 0.04), rgb(255 255 250 / 0.035))"),
    staleHatch: color("light-dark(rgb(40 38 30 / 0.1), rgb(255 255 250 / 0.085))"),
    tones,
    fonts: resolveFonts(probe),
  };
  probe.remove();
  return palette;
}

function resolveFonts(probe: HTMLElement): Fonts {
  probe.style.fontFamily = "var(--font-sans)";
  const sans = getComputedStyle(probe).fontFamily;
  probe.style.fontFamily = "var(--font-mono)";
  const mono = getComputedStyle(probe).fontFamily;
  return {
    mono10: `400 10px ${mono}`,
    mono11: `400 11px ${mono}`,
    mono11Strong: `550 11px ${mono}`,
    mono12Strong: `600 12px ${mono}`,
    monoFigure: `600 17px ${mono}`,
    tab: `600 10px ${mono}`,
    sans10: `400 10px ${sans}`,
    sans11: `400 11px ${sans}`,
    sans11Strong: `550 11px ${sans}`,
    sans12: `400 12px ${sans}`,
    sans12Strong: `550 12px ${sans}`,
  };
}
