import { ButtonLink } from "#ui/button-link.tsx";
import { EmptyState } from "#ui/empty-state.tsx";

export default function NotFound() {
  return (
    <>
      <h1 className="sr-only">Not found</h1>
      <EmptyState title="There is no such page" actions={<ButtonLink href="/">Overview</ButtonLink>}>
        The address is mistyped, or what it named is gone. Search with ⌘K or Ctrl K.
      </EmptyState>
    </>
  );
}
