import type { ComponentProps } from "preact";
import { useId } from "preact/hooks";

interface FormProps extends Omit<ComponentProps<"form">, "onSubmit"> {
  readonly onSubmit: () => void;
}

/** A form that the page itself handles: nothing is loaded when it is submitted. */
export function Form({ onSubmit, ...attributes }: FormProps) {
  const submit = (event: Event): void => {
    event.preventDefault();
    onSubmit();
  };
  return <form {...attributes} onSubmit={submit} />;
}

interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onText: (text: string) => void;
  /** Values to choose from; any other text can be entered too. */
  readonly suggestions?: readonly string[];
  readonly type?: "search";
  readonly maxLength?: number;
  readonly required?: boolean;
  readonly pattern?: string;
  readonly title?: string;
  readonly "aria-describedby"?: string | undefined;
  readonly ref?: (input: HTMLInputElement | null) => void;
}

export function TextField({ label, onText, suggestions, ...attributes }: TextFieldProps) {
  const listId = useId();
  return (
    <label>
      {label}{" "}
      <input
        {...attributes}
        {...(suggestions && { list: listId })}
        onInput={({ currentTarget }) => onText(currentTarget.value)}
      />
      {suggestions && (
        <datalist id={listId}>
          {[...new Set(suggestions)].map((value) => (
            <option key={value} value={value} />
          ))}
        </datalist>
      )}
    </label>
  );
}

interface SelectFieldProps {
  readonly label: string;
  readonly value: string;
  /** A value, or a value and its text. */
  readonly options: readonly (string | readonly [value: string, text: string])[];
  readonly onSelect: (value: string) => void;
}

export function SelectField({ label, value, options, onSelect }: SelectFieldProps) {
  return (
    <label>
      {label}{" "}
      <select value={value} onChange={({ currentTarget }) => onSelect(currentTarget.value)}>
        {options.map((option) => {
          const [optionValue, text] = typeof option === "string" ? [option, option] : option;
          return (
            <option key={optionValue} value={optionValue}>
              {text}
            </option>
          );
        })}
      </select>
    </label>
  );
}

interface ToggleGroupProps<Value extends string> {
  readonly label: string;
  readonly options: readonly Value[];
  readonly pressed: Value | undefined;
  readonly onPress: (value: Value) => void;
  /** What is on a button; the value by default. */
  readonly content?: (value: Value) => ComponentProps<"button">["children"];
}

/** Buttons of which at most one is pressed. */
export function ToggleGroup<Value extends string>({
  label,
  options,
  pressed,
  onPress,
  content = (value) => value,
}: ToggleGroupProps<Value>) {
  return (
    <div class="choices" role="group" aria-label={label}>
      {options.map((value) => (
        <button key={value} type="button" aria-pressed={value === pressed} onClick={() => onPress(value)}>
          {content(value)}
        </button>
      ))}
    </div>
  );
}
