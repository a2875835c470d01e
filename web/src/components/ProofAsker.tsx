import { useEffect, useRef, useState } from "react";
import { setProofAsker } from "@/api/client";
import { late } from "@/ui/late";
import type { ProofDialogProps } from "./ProofDialog";

const ProofDialog = late<ProofDialogProps>(() => import("./ProofDialog").then((module) => module.ProofDialog));

/** Lets the client ask who sits there: each call that waits for a proof gets the one answer. */
export function ProofAsker() {
  const [isOpen, setOpen] = useState(false);
  const answers = useRef<((isProved: boolean) => void)[]>([]);
  useEffect(() => {
    setProofAsker(
      () =>
        new Promise((resolve) => {
          answers.current.push(resolve);
          setOpen(true);
        }),
    );
    return () => setProofAsker(async () => false);
  }, []);
  const end = (isProved: boolean) => {
    setOpen(false);
    for (const answer of answers.current.splice(0)) answer(isProved);
  };
  return <ProofDialog isOpen={isOpen} onClose={() => end(false)} onProved={() => end(true)} />;
}
