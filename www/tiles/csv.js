/** Tables for spreadsheets. */

import Papa from 'papaparse';

/** How a cell begins that a spreadsheet would run, whatever lines follow. */
const FORMULA = /^[=+\-@\t\r\n]/;

/**
 * A name of the user's may begin with `=`: spreadsheets would run it.
 * @param {string[]} fields
 * @param {unknown[][]} rows
 */
export function toCsv(fields, rows) {
  return Papa.unparse({ fields, data: rows }, { escapeFormulae: FORMULA, newline: '\r\n' });
}
