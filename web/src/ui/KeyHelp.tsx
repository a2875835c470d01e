import { Kbd, Modal, Table } from "@mantine/core";

export interface KeyHelpProps {
  isOpen: boolean;
  onClose: () => void;
  keys: readonly (readonly [keys: string, meaning: string])[];
}

/** The keys of a page. */
export function KeyHelp({ isOpen, onClose, keys }: KeyHelpProps) {
  return (
    <Modal opened={isOpen} onClose={onClose} title="Keys">
      <Table aria-label="Keys">
        <Table.Tbody>
          {keys.map(([key, meaning]) => (
            <Table.Tr key={key}>
              <Table.Td w={110}>
                {key.split(" ").map((each) => (
                  <Kbd key={each} mr={4}>
                    {each}
                  </Kbd>
                ))}
              </Table.Td>
              <Table.Td>{meaning}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Modal>
  );
}
