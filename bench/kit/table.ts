import { passes, type Row, type Unit } from './row.ts';
import { median } from './stats.ts';

/** The rows as text: name, verdict (where the figures are worth one), bar, figures, and what is behind them. */
export function tableOf(rows: readonly Row[], judged: boolean): string {
  const cells = rows.map((row) => [
    row.what,
    judged ? verdict(row) : '',
    barInWords(row),
    figuresInWords(row),
    row.beside,
  ]);
  const all = [['what', '', 'bar', 'min – median – max', 'medians'], ...cells];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((line) => line[column]?.length ?? 0))) ?? [];
  const lines = all.map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}

function verdict(row: Row): string {
  const passed = passes(row);
  if (passed === null) return '';
  return passed ? 'pass' : 'FALLS SHORT';
}

function barInWords({ bar, unit }: Row): string {
  if (bar === null) return '';
  return `${bar.is === 'at least' ? '≥' : '≤'} ${inUnit(bar.value, unit)}`;
}

function figuresInWords({ figures, unit }: Row): string {
  return [Math.min(...figures), median(figures), Math.max(...figures)].map((value) => inUnit(value, unit)).join(' – ');
}

function inUnit(value: number, unit: Unit): string {
  switch (unit) {
    case '×':
      return `${value.toFixed(2)}×`;
    case '/s':
      return `${Math.round(value).toLocaleString('en')}/s`;
    case 'ms':
      return `${value.toFixed(1)} ms`;
    case 's':
      return `${value.toFixed(2)} s`;
    case 'MiB':
    case 'B':
      return `${Math.round(value)} ${unit}`;
  }
}
