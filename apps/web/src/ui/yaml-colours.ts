import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { tags } from "@lezer/highlight";

/** Keys in ink, values in the accent, comments quiet: the eye is for what is wrong, not for a rainbow. */
export const yamlColours = syntaxHighlighting(
  HighlightStyle.define([
    { tag: [tags.definition(tags.propertyName), tags.propertyName], color: "var(--color-ink)" },
    {
      tag: [tags.string, tags.number, tags.bool, tags.null, tags.content, tags.attributeValue],
      color: "var(--color-accent-ink)",
    },
    { tag: [tags.comment, tags.meta], color: "var(--color-ink-3)" },
    { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: "var(--color-ink-2)" },
  ]),
);
