// Controls for single values. Numbers are text fields, so that the wheel never changes a dose.
import { html, live, nothing } from '../lit.js';
import { parseNumber } from './check.js';
import { same } from './schema.js';

/** @typedef {import('./rows.js').Field} Field */
/** @typedef {import('../form.js').DpForm} DpForm */
/** @typedef {{target: HTMLInputElement}} InputEvent_ */

/**
 * What each control says of itself to assistive technology.
 *
 * @param {DpForm} form
 * @param {Field} field
 */
function spoken(form, field) {
  const id = form.idOf(field.loc);
  const invalid = form.problemOf(field) !== '';
  const notes = [invalid ? `${id}-e` : '', field.helpId ?? ''].filter(Boolean).join(' ');
  return {
    id,
    invalid: invalid ? 'true' : nothing,
    notes: notes || nothing,
    label: field.label ?? nothing,
    required: field.required ? 'true' : nothing,
  };
}

/** @param {DpForm} form @param {Field} field */
export function textControl(form, field) {
  const { schema: s, loc, value, required } = field;
  const named = typeof loc.at(-1) === 'string'; // in a list an empty text is a value
  const a = spoken(form, field);
  const input = (/** @type {InputEvent_} */ { target }) =>
    form.state.set(loc, target.value === '' && required && named ? undefined : target.value);
  if (s.widget === 'textarea') {
    return html`<textarea id=${a.id} aria-label=${a.label} aria-invalid=${a.invalid} aria-describedby=${a.notes}
      aria-required=${a.required} .value=${live(value ?? '')} @input=${input}></textarea>`;
  }
  const hint = s.examples?.[0] ?? (s.format === 'duration' ? 'PT30S' : nothing);
  return html`<input id=${a.id} type=${s.format === 'password' || s.writeOnly ? 'password' : 'text'}
    autocomplete="off" spellcheck="false" placeholder=${hint} aria-label=${a.label} aria-invalid=${a.invalid}
    aria-describedby=${a.notes} aria-required=${a.required} .value=${live(value ?? '')} @input=${input}
    @blur=${() => form.state.settle(loc)}>`;
}

/** @param {DpForm} form @param {Field} field */
export function numberControl(form, field) {
  const { schema: s, loc, value } = field;
  const a = spoken(form, field);
  const input = (/** @type {InputEvent_} */ { target }) => {
    const number = parseNumber(target.value);
    const unreadable = Number.isNaN(number);
    form.state.type(loc, target.value, unreadable ? 'Not a number' : '');
    if (!unreadable) form.state.set(loc, number);
  };
  const text =
    form.state.typed(loc) ?? (value === undefined || value === null ? '' : String(value));
  const control = html`<input id=${a.id} class="num" inputmode=${s.minimum >= 0 && s.type === 'integer' ? 'numeric' : 'decimal'}
    autocomplete="off" aria-label=${a.label} aria-invalid=${a.invalid} aria-describedby=${a.notes}
    aria-required=${a.required} .value=${live(text)} @input=${input} @keydown=${stepper(form, field)}
    @blur=${() => form.state.settle(loc)}>`;
  return s.unit ? html`<span class="unit">${control}<span>${s.unit}</span></span>` : control;
}

/** Arrows step, Shift by ten. @param {DpForm} form @param {Field} field */
const stepper =
  (form, { schema: s, loc, value }) =>
  (/** @type {KeyboardEvent} */ event) => {
    const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!direction) return;
    event.preventDefault();
    const step = (s.multipleOf ?? (s.type === 'integer' ? 1 : 0.1)) * (event.shiftKey ? 10 : 1);
    form.state.replace(loc, Number(((value ?? 0) + direction * step).toFixed(10)));
  };

/** @param {DpForm} form @param {Field} field */
export function switchControl(form, field) {
  const a = spoken(form, field);
  const on = field.value === true;
  const change = (/** @type {InputEvent_} */ { target }) =>
    form.state.set(field.loc, target.checked);
  return html`<label class="switch"><input id=${a.id} type="checkbox" role="switch" aria-label=${a.label}
    aria-describedby=${a.notes} .checked=${live(on)} @change=${change}><span aria-hidden="true">${on ? 'on' : 'off'}</span></label>`;
}

/** Four choices or fewer are all in view; more are a menu. @param {DpForm} form @param {Field} field */
export function choiceControl(form, field) {
  const { schema: s, loc, value } = field;
  const a = spoken(form, field);
  const chosen = s.enum.findIndex((/** @type {unknown} */ choice) => same(choice, value));
  if (s.enum.length <= 4 && !field.label) {
    return html`<span class="seg" role="radiogroup" aria-labelledby="${a.id}-l" aria-describedby=${a.notes}>
      ${s.enum.map(
        (/** @type {unknown} */ choice, /** @type {number} */ i) =>
          html`<label><input type="radio" name=${a.id} aria-invalid=${a.invalid} .checked=${live(i === chosen)}
            @change=${() => form.state.set(loc, choice)}>${choiceText(s, i)}</label>`,
      )}</span>`;
  }
  const change = (/** @type {InputEvent_} */ { target }) =>
    form.state.set(loc, s.enum[Number(target.value)]);
  return html`<select id=${a.id} aria-label=${a.label} aria-invalid=${a.invalid} aria-describedby=${a.notes} @change=${change}>
    ${chosen < 0 ? html`<option value="" selected disabled>choose…</option>` : nothing}
    ${s.enum.map(
      (/** @type {unknown} */ _choice, /** @type {number} */ i) =>
        html`<option value=${i} ?selected=${i === chosen} .selected=${live(i === chosen)}>${choiceText(s, i)}</option>`,
    )}</select>`;
}

/** @param {import('../types.js').JsonSchema} s @param {number} i */
const choiceText = (s, i) => s.labels?.[i] ?? String(s.enum[i]);

/** @param {DpForm} form @param {Field} field */
export function dateControl(form, field) {
  const { schema: s, loc, value } = field;
  const a = spoken(form, field);
  const zoned = s.format === 'date-time';
  const change = (/** @type {InputEvent_} */ { target }) =>
    form.state.set(
      loc,
      target.value && zoned ? new Date(target.value).toISOString() : target.value || undefined,
    );
  return html`<input id=${a.id} type=${zoned ? 'datetime-local' : s.format} step="1" aria-label=${a.label}
    aria-invalid=${a.invalid} aria-describedby=${a.notes} aria-required=${a.required}
    .value=${zoned ? localTime(value) : (value ?? '')} @change=${change}>`;
}

/** An ISO time as `datetime-local` wants it: this browser's time, without a zone. @param {string | undefined} value */
function localTime(value) {
  const moment = Date.parse(value ?? '');
  if (Number.isNaN(moment)) return '';
  const shift_ms = new Date(moment).getTimezoneOffset() * 60_000;
  return new Date(moment - shift_ms).toISOString().slice(0, 19);
}

/** Any value at all, as JSON. @param {DpForm} form @param {Field} field */
export function jsonControl(form, field) {
  const { loc, value } = field;
  const a = spoken(form, field);
  const input = (/** @type {InputEvent_} */ { target }) => {
    try {
      const parsed = target.value.trim() === '' ? undefined : JSON.parse(target.value);
      form.state.type(loc, target.value, '');
      form.state.set(loc, parsed);
    } catch {
      form.state.type(loc, target.value, 'Not JSON: text needs quotes, as in "left"');
    }
  };
  const text = form.state.typed(loc) ?? (value === undefined ? '' : JSON.stringify(value));
  return html`<textarea class="mono" id=${a.id} aria-label=${a.label} aria-invalid=${a.invalid} spellcheck="false"
    aria-describedby=${a.notes} aria-required=${a.required} placeholder="JSON" .value=${live(text)} @input=${input}></textarea>`;
}
